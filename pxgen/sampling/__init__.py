"""Drawing any number of pictures from a model."""
