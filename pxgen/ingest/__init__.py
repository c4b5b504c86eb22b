"""From files of any kind to the sprites, labels and split of a dataset."""
