"""The fixed material of the sample database: the Chinook schema and the words its rows are made of.

The words are our own; nothing is taken from the data of Chinook. They hold on purpose what breaks
careless programs: accents in both normal forms, apostrophes, text beyond Latin-1, `#`, `%` and `_`.
"""

# ruff: noqa: RUF001 - look-alike letters are part of the material

from __future__ import annotations

SCHEMA = """
CREATE TABLE [Album] (
    [AlbumId] INTEGER NOT NULL, [Title] NVARCHAR(160) NOT NULL, [ArtistId] INTEGER NOT NULL,
    CONSTRAINT [PK_Album] PRIMARY KEY ([AlbumId]),
    FOREIGN KEY ([ArtistId]) REFERENCES [Artist] ([ArtistId])
);
CREATE TABLE [Artist] (
    [ArtistId] INTEGER NOT NULL, [Name] NVARCHAR(120),
    CONSTRAINT [PK_Artist] PRIMARY KEY ([ArtistId])
);
CREATE TABLE [Customer] (
    [CustomerId] INTEGER NOT NULL, [FirstName] NVARCHAR(40) NOT NULL, [LastName] NVARCHAR(20) NOT NULL,
    [Company] NVARCHAR(80), [Address] NVARCHAR(70), [City] NVARCHAR(40), [State] NVARCHAR(40),
    [Country] NVARCHAR(40), [PostalCode] NVARCHAR(10), [Phone] NVARCHAR(24), [Fax] NVARCHAR(24),
    [Email] NVARCHAR(60) NOT NULL, [SupportRepId] INTEGER,
    CONSTRAINT [PK_Customer] PRIMARY KEY ([CustomerId]),
    FOREIGN KEY ([SupportRepId]) REFERENCES [Employee] ([EmployeeId])
);
CREATE TABLE [Employee] (
    [EmployeeId] INTEGER NOT NULL, [LastName] NVARCHAR(20) NOT NULL, [FirstName] NVARCHAR(20) NOT NULL,
    [Title] NVARCHAR(30), [ReportsTo] INTEGER, [BirthDate] DATETIME, [HireDate] DATETIME,
    [Address] NVARCHAR(70), [City] NVARCHAR(40), [State] NVARCHAR(40), [Country] NVARCHAR(40),
    [PostalCode] NVARCHAR(10), [Phone] NVARCHAR(24), [Fax] NVARCHAR(24), [Email] NVARCHAR(60),
    CONSTRAINT [PK_Employee] PRIMARY KEY ([EmployeeId]),
    FOREIGN KEY ([ReportsTo]) REFERENCES [Employee] ([EmployeeId])
);
CREATE TABLE [Genre] (
    [GenreId] INTEGER NOT NULL, [Name] NVARCHAR(120),
    CONSTRAINT [PK_Genre] PRIMARY KEY ([GenreId])
);
CREATE TABLE [Invoice] (
    [InvoiceId] INTEGER NOT NULL, [CustomerId] INTEGER NOT NULL, [InvoiceDate] DATETIME NOT NULL,
    [BillingAddress] NVARCHAR(70), [BillingCity] NVARCHAR(40), [BillingState] NVARCHAR(40),
    [BillingCountry] NVARCHAR(40), [BillingPostalCode] NVARCHAR(10), [Total] NUMERIC(10,2) NOT NULL,
    CONSTRAINT [PK_Invoice] PRIMARY KEY ([InvoiceId]),
    FOREIGN KEY ([CustomerId]) REFERENCES [Customer] ([CustomerId])
);
CREATE TABLE [InvoiceLine] (
    [InvoiceLineId] INTEGER NOT NULL, [InvoiceId] INTEGER NOT NULL, [TrackId] INTEGER NOT NULL,
    [UnitPrice] NUMERIC(10,2) NOT NULL, [Quantity] INTEGER NOT NULL,
    CONSTRAINT [PK_InvoiceLine] PRIMARY KEY ([InvoiceLineId]),
    FOREIGN KEY ([InvoiceId]) REFERENCES [Invoice] ([InvoiceId]),
    FOREIGN KEY ([TrackId]) REFERENCES [Track] ([TrackId])
);
CREATE TABLE [MediaType] (
    [MediaTypeId] INTEGER NOT NULL, [Name] NVARCHAR(120),
    CONSTRAINT [PK_MediaType] PRIMARY KEY ([MediaTypeId])
);
CREATE TABLE [Playlist] (
    [PlaylistId] INTEGER NOT NULL, [Name] NVARCHAR(120),
    CONSTRAINT [PK_Playlist] PRIMARY KEY ([PlaylistId])
);
CREATE TABLE [PlaylistTrack] (
    [PlaylistId] INTEGER NOT NULL, [TrackId] INTEGER NOT NULL,
    CONSTRAINT [PK_PlaylistTrack] PRIMARY KEY ([PlaylistId], [TrackId]),
    FOREIGN KEY ([PlaylistId]) REFERENCES [Playlist] ([PlaylistId]),
    FOREIGN KEY ([TrackId]) REFERENCES [Track] ([TrackId])
);
CREATE TABLE [Track] (
    [TrackId] INTEGER NOT NULL, [Name] NVARCHAR(200) NOT NULL, [AlbumId] INTEGER,
    [MediaTypeId] INTEGER NOT NULL, [GenreId] INTEGER, [Composer] NVARCHAR(220),
    [Milliseconds] INTEGER NOT NULL, [Bytes] INTEGER, [UnitPrice] NUMERIC(10,2) NOT NULL,
    CONSTRAINT [PK_Track] PRIMARY KEY ([TrackId]),
    FOREIGN KEY ([AlbumId]) REFERENCES [Album] ([AlbumId]),
    FOREIGN KEY ([GenreId]) REFERENCES [Genre] ([GenreId]),
    FOREIGN KEY ([MediaTypeId]) REFERENCES [MediaType] ([MediaTypeId])
);
"""

INDEXES = """
CREATE INDEX [IFK_AlbumArtistId] ON [Album] ([ArtistId]);
CREATE INDEX [IFK_CustomerSupportRepId] ON [Customer] ([SupportRepId]);
CREATE INDEX [IFK_EmployeeReportsTo] ON [Employee] ([ReportsTo]);
CREATE INDEX [IFK_InvoiceCustomerId] ON [Invoice] ([CustomerId]);
CREATE INDEX [IFK_InvoiceLineInvoiceId] ON [InvoiceLine] ([InvoiceId]);
CREATE INDEX [IFK_InvoiceLineTrackId] ON [InvoiceLine] ([TrackId]);
CREATE INDEX [IFK_PlaylistTrackPlaylistId] ON [PlaylistTrack] ([PlaylistId]);
CREATE INDEX [IFK_PlaylistTrackTrackId] ON [PlaylistTrack] ([TrackId]);
CREATE INDEX [IFK_TrackAlbumId] ON [Track] ([AlbumId]);
CREATE INDEX [IFK_TrackGenreId] ON [Track] ([GenreId]);
CREATE INDEX [IFK_TrackMediaTypeId] ON [Track] ([MediaTypeId]);
"""

GENRES = (
    "Harbour Rock", "Night Jazz", "Foundry Metal", "Basement & Backyard", "Jukebox", "Delta Grey",
    "Tropical", "Island Slow", "Bright Pop", "Screen Music", "Samba Nova", "Lounge", "Iron Choir",
    "Soul/Gospel", "Circuit/Dance", "Faraway", "Street Verse", "Rocket Tales", "Serials",
    "Dragons & Planets", "Stage Plays", "Jesters", "Left Field", "Chamber", "Grand Opera",
)  # fmt: skip
MEDIA_TYPES = (
    "Compressed audio", "Protected audio", "Protected video", "Bought audio", "Lossless audio",
)  # fmt: skip
ADJECTIVES = (
    "Amber", "Silent", "Crooked", "Paper", "Velvet", "Northern", "Hollow", "Copper", "Distant",
    "Electric", "Frozen", "Golden", "Humble", "Inverted", "Jagged", "Kindly", "Lonesome", "Midnight",
    "Nervous", "Orange", "Patient", "Quiet", "Restless", "Salty", "Tangled", "Unpaved", "Violet",
    "Wandering", "Yellow", "Zealous", "broken", "half-lit", "100%", "snake_case", "Déjà-vu", "Große",
    "Última", "Žlutá", "Světlá", "Świeża",
)  # fmt: skip
NOUNS = (
    "Lantern", "Harbour", "Engine", "Meadow", "Compass", "Orchard", "Signal", "Bicycle", "Chimney",
    "Daydream", "Elevator", "Feather", "Glacier", "Horizon", "Island", "Junction", "Kettle", "Lighthouse",
    "Mirror", "Needle", "Ocean", "Parade", "Quarry", "River", "Staircase", "Telescope", "Umbrella",
    "Volcano", "Window", "Xylophone", "Yard", "Zeppelin Mail", "Platform #9", "Mañana", "Überfahrt",
    "Cafe\u0301", "Café", "Fjörd", "Łódka", "Señal",
)  # fmt: skip
FAR_WORDS = (
    "Ночной поезд", "Белая река", "Ελπίδα", "Θάλασσα", "夜明けの街", "風", "مطر خفيف", "שקט", "바람", "चाँदनी",
    "Cafe\u0301 Noir", "Ağaç Gölgesi", "Đường Về", "Ħajt u Baħar", "Ștefan’s Țară", "🌙 Lullaby", "“Quoted”",
)  # fmt: skip
COMMON_NAMES = ("Intro", "Interlude", "Untitled", "Outro", "Encore", "Theme from “Lanterns”", "Ночь", "夜")
NAME_FORMS = (
    "{a} {n}", "The {n}'s {m}", "{n} and {m}", "{a} {n} (Live)", "Don't Wake the {n}", "{n} No. {d}",
    "{a} {n} / {m}", "'Til the {n} Comes", "{a}, {b} {n}", "{f} {d}",
    "{a} {n} (from the Motion Picture '{p} {s} and the {b} {m}', Remastered Extended Edition)",
)  # fmt: skip
ARTIST_FORMS = ("The {a} {n}s", "{a} {n}", "{p} {s}", "{n} & {m}", "{s}'s {n}", "{p} {s} feat. {n}", "{f}")
FIRST_NAMES = (
    "Alma", "Bruno", "Chloé", "Dagný", "Emre", "Fátima", "Göran", "Hana", "Íñigo", "Jovana", "Kwame",
    "Linnéa", "Mirko", "Noor", "Oisín", "Petra", "Quentin", "Renée", "Søren", "Tomáš", "Uma", "Vítor",
    "Wanda", "Xènia", "Yusuf", "Zoë", "Anneli", "Björk", "Łucja", "D'Arcy",
)  # fmt: skip
LAST_NAMES = (
    "Abramczyk", "Bergström", "Castañeda", "Dvořáček", "Eriksen", "Fernandes", "Grünwald", "Horváth",
    "Ivanković", "Järvelä", "Kowalczyk", "Lefèvre", "Müllner", "Nakagawa", "O'Hara", "Pâquet", "Quiroga",
    "Rønning", "Şahin", "Thorvaldsen", "Urrutia", "Vasquez", "Whitlock", "Yıldız", "Žižek", "d'Anjou",
    "McAllister", "van der Meer", "Brandão", "Nguyễn",
)  # fmt: skip
COMPANIES = (
    "Brightwater Freight Ltd.", "Ateliê do Porto S.A.", "O'Malley & Sons", "Kvarnström AB",
    "Nimbus s.r.o.",
)  # fmt: skip
STREETS = (
    "Lantern Street", "Old Mill Road", "Rue de l’Étoile", "Lindenstraße", "Avenida São Bento",
    "Calle Niño", "Bergveien", "Fifth Alley, Unit #4", "Na Příkopě Malé", "Bahnhofgässli",
    "Kungsträdgård", "Vicolo d'Oro",
)  # fmt: skip
PLACES = (
    ("Brazil", "Florianópolis", "SC", "88{}-{}", "+55 (48)"),
    ("Canada", "Halifax", "NS", "B3H {:.1}A{:.1}", "+1 (902)"),
    ("Canada", "Trois-Rivières", "QC", "G8T {:.1}K{:.1}", "+1 (819)"),
    ("USA", "Duluth", "MN", "55{}", "+1 (218)"),
    ("USA", "Santa Fe", "NM", "87{}", "+1 (505)"),
    ("USA", "Portland", "ME", "04{}", "+1 (207)"),
    ("Australia", "Hobart", "TAS", "7{}", "+61 3"),
    ("Brazil", "Maceió", "AL", "57{}-{}", "+55 (82)"),
    ("Ireland", "Galway", "Connacht", None, "+353 91"),
    ("Italy", "Forlì", "FC", "471{:.2}", "+39 0543"),
    ("India", "Mysuru", "Karnataka", "570{}", "+91 821"),
    ("Germany", "Würzburg", None, "97{}", "+49 931"),
    ("Germany", "Lübeck", None, "23{}", "+49 451"),
    ("France", "Besançon", None, "25{}", "+33 3"),
    ("France", "Nîmes", None, "30{}", "+33 4"),
    ("Norway", "Tromsø", None, "90{:.2}", "+47 77"),
    ("Sweden", "Växjö", None, "352 {:.2}", "+46 470"),
    ("Czech Republic", "České Budějovice", None, "370 {:.2}", "+420 38"),
    ("Poland", "Łódź", None, "90-{}", "+48 42"),
    ("Portugal", "Évora", None, None, "+351 266"),
    ("Spain", "A Coruña", None, "15{}", "+34 981"),
    ("United Kingdom", "Norwich", None, "NR{:.1} {:.1}TB", "+44 1603"),
    ("Chile", "Valparaíso", None, "23{}00", "+56 32"),
)
PLAYLISTS = (
    ("Everything", 3290), ("Films", 0), ("Serials", 213), ("Spoken Word", 0), ("’80s & ’90s", 1477),
    ("Spoken Word", 0), ("Everything", 3290), ("Films", 0), ("Serials", 213), ("Clips", 1),
    ("Música do Sul", 39), ("Chamber", 75), ("Chamber 1 - Beginners", 25), ("Chamber 2 - Going On", 25),
    ("Chamber 3 - Rarities", 25), ("Rainy Day", 15), ("Foundry's Finest", 26), ("Train Ride 1", 1),
)  # fmt: skip
TITLES = (
    "General Manager", "Sales Manager", "Sales Support Agent", "Sales Support Agent",
    "Sales Support Agent", "IT Manager", "IT Staff", "IT Staff",
)  # fmt: skip
