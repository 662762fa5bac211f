"""What input files hold, as schemas say it: variables, and objects of the event that jets are matched to."""
