"""Whom should discovery stop suggesting to whom, so that members nobody knows yet stay unseen and few others suffer?

follows, flags -> odds (how likely is each account a member?) -> threshold (what may it cost?) -> a guard
"""
