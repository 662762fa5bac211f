"""What a failed job was, what the next attempt asks for, and whether there is one."""
