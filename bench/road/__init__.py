"""Where the time of a run goes, stage by stage, beside the time of encoding the text once."""
