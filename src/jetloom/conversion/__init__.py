"""Conversion: DxAOD to ntuple to HDF5, or to HDF5 in one pass, with every loss counted."""
