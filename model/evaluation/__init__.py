"""What a trained model can do beyond the word task: sentences, layers, benchmarks."""
