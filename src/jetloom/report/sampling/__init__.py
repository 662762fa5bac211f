"""Jets drawn from a density model beside those it learnt: measured once, then drawn as often as it is asked for."""
