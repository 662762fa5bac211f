"""What the converted files of a sample say together: its normalisation, its processes, events that come again."""
