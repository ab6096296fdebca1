"""Port Merrow, a small harbour information site: the sample app that assetbuild's demo, tests and docs use."""
