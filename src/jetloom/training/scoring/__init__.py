"""What a network is worth: sums over an epoch, and metrics of the validation part and the control region."""
