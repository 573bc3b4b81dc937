"""Write the training files of each arm."""
