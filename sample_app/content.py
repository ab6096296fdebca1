"""What the gallery and the legend show: names and words, no markup. Asset names are logical paths."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    asset: str
    title: str
    caption: str


@dataclass(frozen=True, slots=True)
class Icon:
    """`icon` is a Font Awesome name."""

    icon: str
    name: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Mark:
    asset: str
    name: str
    meaning: str


GALLERY = (
    Picture("img/gallery/lighthouse.svg", "Merrow Head", "The light at dusk: one flash every ten seconds."),
    Picture("img/gallery/moorings.svg", "High water at the moorings", "Three hours either side, afloat on any tide."),
    Picture("img/gallery/fog.svg", "Fog over the bar", "The outer beacons, seen from the quay."),
    Picture("img/gallery/quay.svg", "The stone quay", "Morning, before the market opens."),
    Picture("img/gallery/night.png", "Night watch", "Stars over the western approach."),
    Picture("img/gallery/soundings.png", "Soundings of the approach", "Darker is deeper. The sill lies in the east."),
)

LEGEND = (
    Icon("anchor", "Anchorage", "Good holding in sand, four metres at low water"),
    Icon("sailboat", "Visitor berths", "Pontoon B, rafting allowed"),
    Icon("ship", "Ferry", "Keep clear of the turning circle"),
    Icon("life-ring", "Rescue", "Lifebuoy and throw line"),
    Icon("gas-pump", "Fuel", "Diesel from 07:00 to 19:00"),
    Icon("faucet-drip", "Fresh water", "At the head of each pontoon"),
    Icon("plug", "Shore power", "16 A, cards at the office"),
    Icon("shower", "Showers", "Beside the harbour office"),
    Icon("wind", "Wind", "Mean speed over ten minutes, in knots"),
    Icon("water", "Tide", "Height above chart datum, in metres"),
    Icon("compass", "Bearing", "Degrees true"),
    Icon("triangle-exclamation", "Warning", "Read the notice to mariners"),
)

MARKS = (
    Mark("img/marks/port.svg", "Port hand", "Keep it to your left, coming in"),
    Mark("img/marks/starboard.svg", "Starboard hand", "Keep it to your right, coming in"),
    Mark("img/marks/north.svg", "North cardinal", "Pass to the north of it"),
    Mark("img/marks/safe.svg", "Safe water", "Deep on every side"),
)
