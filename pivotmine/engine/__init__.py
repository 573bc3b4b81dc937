"""What runs a stage: fingerprint, session, runner, staged files and the commit."""
