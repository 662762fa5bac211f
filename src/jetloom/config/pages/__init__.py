"""The reference pages that are generated from the models of the configuration and from the input schemas."""
