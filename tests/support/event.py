"""The event of a table `tx` whose rows name a game, for connectors of tests."""

EVENT = """\
    event:
      activity_id: id
      user_id: player
      round_id: id
      timestamp: {text: "2026-01-01T00:00:00Z"}
      wager_amount: amount
      currency: {text: EUR}
      exchange_rate: 1
      is_round_end: true
      game_id: game
      game_name: games[game].title
      vendor_id: {text: v}
      vendor_name: {text: V}
      origin: {text: example.com}
"""
