"""The best classifier: measured once, then drawn as often as its titles and colours change."""
