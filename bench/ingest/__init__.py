"""Reading, naming languages, filtering and dropping copies, beside dolma and datatrove."""
