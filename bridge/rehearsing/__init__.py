"""A brand's rules at work without a run: previews of real records, and the tests beside a connector."""
