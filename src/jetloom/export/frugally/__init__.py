"""The JSON of frugally-deep, with weights and a test that its loader replays."""
