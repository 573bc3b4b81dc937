"""Attribution: scores and behaviours of a model, related to counts of a corpus."""
