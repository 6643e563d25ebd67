"""``zixin serve`` beside both sandbox CRMs for minutes: payments, bad notifications, forgeries."""
