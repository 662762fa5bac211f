"""Several models on the same jets: measured once, then drawn as often as their titles and colours change."""
