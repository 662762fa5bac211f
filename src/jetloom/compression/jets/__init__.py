"""Variables of jets from DxAODs as they are: sets by name, filters of quality, two files side by side."""
