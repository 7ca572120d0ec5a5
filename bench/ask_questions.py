"""Questions to the sample feed: what is asked, words of the item that answers (of its title or text), words of a right
answer. And questions that nothing in it answers, half of them about its own subjects. Written before anything was
measured; asked in other words than the items use, where they could be.
"""

from __future__ import annotations

from typing import NamedTuple


class Asked(NamedTuple):
    """`item`: part of the title or text of the item that answers; `answer`: any of these words is in a right one."""

    question: str
    item: str
    answer: tuple[str, ...]


ANSWERABLE = (
    Asked(
        "Why is the Harbour Street clock four minutes slow?",
        "true history of the Harbour Street clock",
        ("london", "local time", "meridian", "longitude", "railway"),
    ),
    Asked("What makes a jay's feathers blue?", "Feathers are not blue", ("foam", "bubbles", "keratin")),
    Asked("How do vultures find carcasses?", "How a vulture finds a carcass", ("watch",)),
    Asked("How long did it take to restore the backup in the café?", "restored is a rumour", ("38",)),
    Asked("What does the number on the front of a flour bag mean?", "Reading a bag of flour", ("ash", "mineral")),
    Asked(
        "How can I repair the broken trace of a keyboard?", "Repairing a keyboard with a pencil", ("pencil", "graphite")
    ),
    Asked("Which key of the keyboard had died?", "Repairing a keyboard with a pencil", ("n",)),
    Asked(
        "What happened when a city made trams free on Saturdays?",
        "free on Saturdays only",
        ("sales", "parking", "ridership"),
    ),
    Asked(
        "Was there more crime after the town switched off its street lights?",
        "switched off its street lights",
        ("unchanged", "no"),
    ),
    Asked("How many board games does the town library lend?", "A town library lends 900 board games", ("900",)),
    Asked("What does a wooden cube for a game cost?", "What a wooden cube costs", ("two cents", "cents")),
    Asked("How long does vinegar take in a wide crock?", "Vinegar is a patient animal", ("two months",)),
    Asked("What was the creak on the bicycle?", "Creak diagnosed after three weeks", ("shoe",)),
    Asked("What colour do avocado stones give when dyeing?", "Avocado stones give pink", ("pink",)),
    Asked("How many ends of wool were on the warped loom?", "Warped the loom in a snowstorm", ("640",)),
    Asked("How much cooler are grass tracks?", "Grass tracks: quieter", ("four", "4")),
    Asked("What hid the moonquakes?", "moonquakes were hiding", ("tape",)),
    Asked(
        "What did Edith write about laundry lists?", "What a laundry list can tell you", ("hotel", "sheets", "summer")
    ),
    Asked("Which bird vanished from the hedge recordings?", "33 years of one hedge", ("flycatcher",)),
    Asked(
        "What were half of the rare birds that phones identified?",
        "Identifying birds by ear with a phone",
        ("starling",),
    ),
    Asked("Why does NOT IN with a NULL return nothing?", "NULL is not equal to NULL", ("null",)),
    Asked("How heavy is the second-hand loom?", "Second-hand loom delivered", ("240",)),
    Asked("Why are there so many Mill Lanes?", "Why there are five Mill Lanes", ("man", "clerk")),
    Asked("How many bearded tits were in the reedbed?", "Bearded tits back in the east reedbed", ("fourteen", "14")),
    Asked("What did low-vision readers want from a typeface?", "Big, loose and boring", ("space", "difference")),
    Asked(
        "What is register allocation like?", "Register allocation is seating guests", ("wedding", "guests", "seating")
    ),
)

UNANSWERABLE = (
    "Who won the chess world championship in 2031?",
    "What is the capital of Mongolia?",
    "How do I grow tomatoes on a balcony?",
    "What was the name of Napoleon's horse?",
    "How do I reset an iPhone without the passcode?",
    "Which vaccine protects against measles?",
    "How much does a ticket to Mars cost?",
    "What does the Federal Reserve do about inflation?",
    "How do I knit a Fair Isle hat for a baby?",
    "Which tram runs to the airport in Zurich?",
    "What is the wingspan of an albatross?",
    "How does PostgreSQL implement logical replication?",
    "What is the boiling point of vinegar?",
    "Which font does the New York Times use?",
    "How far away is the Andromeda galaxy?",
    "Who invented the bicycle derailleur?",
    "What is the best gluten-free flour for sourdough?",
    "How do I tune the garbage collector of the JVM?",
    "When was the first amateur radio licence issued?",
    "How many players can play Settlers of Catan?",
)

#: Written after the thresholds of `app/ask/evidence.py` were set by the two lists above.
LATER = (
    Asked("Who mows the tracks of the tram?", "Grass tracks: quieter", ("flatbed", "mower")),
    Asked("What holds the noise that the hut makes?", "The hut has answered", ("oven",)),
    Asked(
        "What do observers who miss a third of the skylarks teach?",
        "detection probability for beginners",
        ("detection", "probability"),
    ),
    Asked(
        "Why was the query slow on Wednesday?",
        "hunting a query that was fast on Tuesday",
        ("planner", "histogram", "autovacuum"),
    ),
    Asked("What broke in the multimeter below 2 volts?", "The multimeter that lies below 2 volts", ("resistor",)),
    Asked(
        "How many games did the robots play before lunch?",
        "Forty thousand games before lunch",
        ("forty thousand", "40"),
    ),
    Asked("What is a hatch in a barn on a pass?", "A field guide to the summit café", ("café", "soup", "dog")),
    Asked("How long was the dough forgotten in the pantry?", "Left the dough in the pantry", ("nineteen", "19")),
    Asked("Is a pocket of trousers big enough for a phone?", "We measured the pockets", ("pairs", "phone")),
    Asked("Who hid his initials in the letter R?", "shop lettering of one English harbour town", ("signwriter",)),
)
LATER_WITHOUT = (
    "Which airline lost the most luggage last year?",
    "How do I change the oil of a Volvo?",
    "What did the prime minister say about tariffs?",
    "How many moons does Jupiter have?",
    "What is the recipe for carbonara?",
    "Which tram line is the longest in Melbourne?",
    "How do penguins keep their eggs warm?",
    "Is Rust faster than Zig for writing compilers?",
    "How do I bleed hydraulic disc brakes?",
    "When does the swimming pool open on Sundays?",
)
