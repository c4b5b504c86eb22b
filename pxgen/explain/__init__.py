"""Pictures of the mathematics, drawn by the layers that the models are built of."""
