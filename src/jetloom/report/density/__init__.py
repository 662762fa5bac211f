"""The best density model: measured once, then drawn as often as its titles and colours change."""
