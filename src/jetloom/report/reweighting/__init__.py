"""Jets of one class reweighted to another: weights and numbers made once, then drawn as often as it is asked for."""
