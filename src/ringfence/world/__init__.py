"""A generated platform with planted networks and planted look-alikes, for the demo, the tests and the benchmarks."""
