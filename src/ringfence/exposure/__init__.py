"""How far do discovery features lead people to members, and how far still once the guard stands before them?"""
