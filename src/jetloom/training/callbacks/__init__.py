"""What looks at a training after each epoch, as state that a checkpoint can hold."""
