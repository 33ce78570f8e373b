"""What only the Layer Lab shows: checks, causes, paths, scales, and real bugs to switch on."""
