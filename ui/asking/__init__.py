"""What a page is asked for: the period, the filters, and the addresses that carry both."""
