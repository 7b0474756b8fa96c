"""Invented people. Family names are made up of plants, birds and places: they are nobody's."""

from __future__ import annotations

from random import Random

GIVEN = """
Abeni Adaeze Alma Amara Anouk Anselm Arjun Aster Aurelio Beatriz Benno Bram Calla Camilo Celeste
Cosmo Daiyu Dalia Dario Delphine Desta Eamon Edda Eiko Elio Emeka Esme Fadil Farida Fenna Fleur
Gael Gideon Greta Hana Hollis Ibrahim Idris Ilse Imani Ines Isidro Itzel Jonah Joss Juno Kamala
Keiko Kofi Lark Leila Leopold Linnea Lorcan Lucia Mabel Malik Marisol Mattias Mei Milo Minh Nadia
Naveen Nerys Niko Noor Odette Olu Orla Otis Paloma Pascal Petra Pilar Quinn Rafiq Ravi Rosalind
Rufus Saanvi Sabine Samir Selma Silas Sina Soren Suki Tadeo Talia Tamsin Tariq Thandi Theo Tobias
Uma Vesna Viggo Wanda Wendell Wren Xiomara Yara Yusuf Zadie Zainab Zeno
""".split()
FAMILY = """
Alderwick Amberlough Applegarth-Oduya Ashgrove Barleyfen Birchmont Bluethorn Bramblewood
Brightwater Cedarquist Cloverdale-Ruiz Copperleaf Coralbrook Dapplemere Dewhollow Driftmoor
Elderflower Emberson Fairweather-Nkemi Fennimoor Fernsby-Takeda Finchley-Amari Foxglove
Frostwillow Gillyfield Goldcrest Greenhollow Harebell Hawksmere Hazelrigg-Osei Heatherstone
Hollyoak-Singh Honeywell-Abara Inkwell Ironbark Ivorywood Jasperhill Juniperson Kestrelby
Kingfisherson Larkmoor Lavenderstone Lilywhite-Cho Lindenmere Maplethorpe Marigold-Diaz
Marshwiggin Meadowsong Merrivale Mossington Nettlecombe Nightingrove Oakenfold Olivewood-Haddad
Orchardson Otterburn-Ito Owlsworth Palmerose Pebblecreek Pennyroyal Periwinkle Pinecastle
Plumtree-Okoro Poplarsen Quailridge Quillfeather Quincewell Rainsford-Adeyemi Reedmarsh
Rosewater Rowanby Rushlight Saffronvale Sandpiper Seabright-Mensah Silverbirch Snowberry
Sorrelton Sparrowhill Springfern Starling-Mbeki Stonecrop Sunderleaf Swallowtail Tamarind-Vale
Tanglewood Teaseldown Thistlewood Thornberry Tidewater-Sato Tulipson Umberfield Vinterberg-Rao
Violetmoor Wagtail Waterlily Wheatley-Obi Whitethorn Wildgoose Willowmere Winterbourne
Woodsorrel Wrenfield Yarrowby Yewdale Zephyrine
""".split()


class Names:
    """Full names, none twice, in an order that the seed decides."""

    def __init__(self, rng: Random) -> None:
        self._pairs = [(given, family) for given in GIVEN for family in FAMILY]
        rng.shuffle(self._pairs)

    def next(self) -> tuple[str, str]:
        """A given and a family name."""
        return self._pairs.pop()
