"""What compiled code of every room rests on."""
