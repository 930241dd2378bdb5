"""What a case will be and cost, and what would fail, said before anything is booked."""
