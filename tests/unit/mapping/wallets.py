"""Parts of wallets that several tests play on."""

from __future__ import annotations

CASHED_OUT = """\
    activities:
      bet: {type: Bet, stands: 'state in ("open", "settled")'}
      cash:
        type: Win
        stands: state in ("open", "settled")
        grows: {total: cashed, while: state == "open"}
        event: {activity_id: {text: "{id}:c{n}"}, wager_amount: grown}
      win:
        type: Win
        stands: state == "settled"
        compare: returned
        event: {activity_id: {text: "{id}:w"}, wager_amount: returned - cash.total}
        again: {activity_id: {text: "{id}:w{n}"}}
"""
"""Activities of a row that is one bet: cashed out in parts while it is open, settled in place."""

PURSES = """
play:
  tx:
    activities:
      bet: {type: Bet, when: kind == "bet", share: {real: real, bonus: bonus}}
    event: {wager_amount: left.real, bonus_wager_amount: left.bonus}
    again: {activity_id: {text: "{id}:{n}"}}
    reverses:
      - when: kind == "refund"
        original: tx[ref]
        takes: {real: real, bonus: bonus}
        partial: PARTIAL
      - {when: kind == "cancel", original: "tx[ref]"}
      - {when: kind == "undo", undoes: "tx[ref]"}
"""
"""Bets with real and bonus money in their own row, of which refunds take parts; PARTIAL says in what way."""
