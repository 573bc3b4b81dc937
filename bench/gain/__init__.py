"""Does a corpus rebuilt by links teach more? The experiment of conf/arms/gain.yaml."""
