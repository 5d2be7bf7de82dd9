"""From a few vetted seeds to the networks around them, with reasons."""
