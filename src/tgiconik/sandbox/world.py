"""The sandbox's sample data: a brand, its partners in three regions, and its spring launch.

All ids are fixed, so that examples and tests are reproducible. Dates are relative to the sandbox's
clock, so that licences and due dates stay valid.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import attrs

from tgiconik.release import ReleasePolicy
from tgiconik.sandbox import credentials
from tgiconik.sandbox.grid import seed as grid
from tgiconik.sandbox.grid.cartographer import seed as cartographer
from tgiconik.sandbox.iconik import seed as iconik
from tgiconik.sandbox.iconik.kinds import ASSETS
from tgiconik.sandbox.media import Media, mp4, png, srt, wav
from tgiconik.sandbox.state import State
from tgiconik.tradinggrid.cartographer import PrexrefEntry

#: Partners by company id (BUID).
NORDLICHT: Final = "GC10000401DE"
SUMMIT: Final = "GC10000402US"
YAMA: Final = "GC10000403JP"

#: The solution of Cartographer, and its entities that know article numbers.
SOLUTION: Final = "AURORA"
ARTICLES: Final = "Articles"
PARTNER_ARTICLES: Final = "PartnerArticles"

#: Articles by GTIN, with the assets that show each: a jacket, two day packs and a tent.
_ARTICLES: Final = {
    "4006381333931": ("film-de",),
    "4012345678901": ("poster-green",),
    "4012345678918": ("poster-blue",),
    "4099999000005": ("lookbook", "film-cut"),
}

#: The metadata view used for release decisions.
RELEASE_VIEW: Final = iconik.fixed_id("view release")

_FIELDS: Final = (
    {"name": "Regions", "field_type": "tag_cloud", "multi": True, "use_as_facet": True},
    {"name": "Languages", "field_type": "tag_cloud", "multi": True, "use_as_facet": True},
    {"name": "Usages", "field_type": "tag_cloud", "multi": True},
    {"name": "UsageRestrictions", "field_type": "text", "multi": True},
    {"name": "EmbargoUntil", "field_type": "datetime"},
    {"name": "LicenceStart", "field_type": "date"},
    {"name": "LicenceEnd", "field_type": "date"},
    {"name": "PartnerGroups", "field_type": "tag_cloud", "multi": True},
    {"name": "HeldVersions", "field_type": "string_exact", "multi": True},
    {"name": "CompliantVersion", "field_type": "string_exact"},
    {"name": "CompliantSHA256", "field_type": "string_exact"},
)


def asset_id(name: str) -> str:
    """The id of a sample asset by its short name, such as `film-de`."""
    return iconik.fixed_id(f"asset {name}")


def policy() -> ReleasePolicy:
    """The brand's release policy: the defaults, with the sample metadata view."""
    return ReleasePolicy(metadata_view=RELEASE_VIEW)


def build(state: State) -> None:
    """Add the sample data to an empty sandbox."""
    iconik.add_metadata_view(state, id_=RELEASE_VIEW, name="Release", fields=_FIELDS)
    _add_assets(state)
    _add_community(state)
    _add_cross_references(state)


@attrs.frozen
class _Asset:
    name: str
    title: str
    media_type: str
    media: Media | Sequence[Media]
    approval: str = attrs.field(default="APPROVED", kw_only=True)
    regions: Sequence[str] = attrs.field(kw_only=True)
    languages: Sequence[str] = attrs.field(kw_only=True)
    metadata: Mapping[str, Sequence[str]] = attrs.field(factory=dict, kw_only=True)
    #: What is said in it, for its transcription.
    spoken: Sequence[str] = attrs.field(default=(), kw_only=True)


def _add_assets(state: State) -> None:
    now = state.now()
    for asset in (*_films(now), *_other_assets()):
        iconik.add_asset(
            state,
            id_=asset_id(asset.name),
            title=asset.title,
            media=asset.media,
            values={
                "Regions": asset.regions,
                "Languages": asset.languages,
                "Usages": ("in-store", "social"),
                "LicenceEnd": [_day(now + timedelta(days=365))],
                **asset.metadata,
            },
            approval=asset.approval,
            created=now - timedelta(days=30),
            fields={"media_type": asset.media_type},
        )
        if asset.media_type in {"video", "image"}:
            iconik.add_previews(state, asset_id(asset.name))
        if asset.spoken:
            iconik.add_transcription(state, asset_id(asset.name), asset.languages[0], asset.spoken)
    iconik.add_collection(
        state,
        id_=iconik.fixed_id("collection spring launch"),
        title="Spring launch",
        asset_ids=[asset_id("film-de"), asset_id("film-us"), asset_id("film-jp")],
    )


#: How many assets the large world has in all.
LARGE: Final = 5000


def build_large(state: State) -> None:
    """Add the sample data, and more assets and collections to page through: 5,000 assets in all.

    The assets `asset_id("many 1")` and so on are in collections of 500, which are in one above
    them. Their originals have the bytes of a few files: they are stored once each.
    """
    build(state)
    above = iconik.fixed_id("collection archive")
    iconik.add_collection(state, id_=above, title="Archive")
    originals = [
        (mp4(f"archive-{n}.mp4", f"Archive {n}"), "video")
        if n % 2
        else (png(f"archive-{n}.png", f"Archive {n}"), "image")
        for n in range(8)
    ]
    here = len(state.store.list(ASSETS))
    for number in range(1, LARGE - here + 1):
        _add_one_of_many(state, number, *originals[number % len(originals)])
    ids = [asset_id(f"many {number}") for number in range(1, LARGE - here + 1)]
    for first in range(0, len(ids), 500):
        iconik.add_collection(
            state,
            id_=iconik.fixed_id(f"collection archive {first}"),
            title=f"Archive, from {first + 1}",
            asset_ids=ids[first : first + 500],
            parent_id=above,
        )


def _add_one_of_many(state: State, number: int, media: Media, media_type: str) -> None:
    region, language = (("DE", "de"), ("US", "en"), ("JP", "ja"))[number % 3]
    iconik.add_asset(
        state,
        id_=asset_id(f"many {number}"),
        title=f"Archive {number:04}",
        media=media,
        values={"Regions": [region], "Languages": [language]},
        approval="APPROVED" if number % 4 else None,
        created=state.now() - timedelta(days=365, minutes=number),
        fields={"media_type": media_type, "external_id": f"ARC-{number:04}"},
    )


def _films(now: datetime) -> Iterator[_Asset]:
    yield _Asset(
        "film-de",
        "Spring launch film",
        "video",
        [
            mp4("spring-launch-de.mp4", "DE, version 1"),
            mp4("spring-launch-de.mp4", "DE, version 2"),
        ],
        regions=["DE", "AT"],
        languages=["de"],
        metadata={"UsageRestrictions": ["Not for television."]},
    )
    yield _Asset(
        "film-de-unsigned",
        "Spring launch film",
        "video",
        mp4("spring-launch-de-unsigned.mp4", "DE, not signed off"),
        approval="MIXED",
        regions=["DE"],
        languages=["de"],
    )
    yield _Asset(
        "film-de-last-year",
        "Spring launch film",
        "video",
        mp4("spring-launch-de-last-year.mp4", "DE, last year"),
        spoken=["Der Frühling kommt.", "Und mit ihm das Neue."],
        regions=["DE"],
        languages=["de"],
        metadata={"LicenceEnd": [_day(now - timedelta(days=40))]},
    )
    yield _Asset(
        "film-us",
        "Spring launch film",
        "video",
        mp4("spring-launch-us.mp4", "US, version 1"),
        regions=["US"],
        languages=["en"],
        spoken=["Spring is coming.", "And with it all that is new."],
    )
    yield _Asset(
        "film-cut",
        "Spring launch film, rough cut",
        "video",
        mp4("spring-launch-rough.mp4", "Rough cut"),
        approval="NOT_APPROVED",
        regions=["DE"],
        languages=["de"],
    )
    yield _Asset(
        "film-jp",
        "Spring launch film",
        "video",
        mp4("spring-launch-jp.mp4", "JP, version 1"),
        regions=["JP"],
        languages=["ja"],
        metadata={"EmbargoUntil": [f"{now + timedelta(days=7):%Y-%m-%dT%H:%M:%S}"]},
    )


def _other_assets() -> Iterator[_Asset]:
    yield _Asset(
        "radio",
        "Spring launch radio spot",
        "audio",
        wav("spring-launch-radio.wav", "Radio spot"),
        approval="MIXED",
        spoken=["Hör auf den Frühling."],
        regions=["Worldwide"],
        languages=["de", "en"],
    )
    yield _Asset(
        "subtitles-de",
        "Spring launch film, subtitles",
        "text",
        srt("spring-launch-de.srt", "Der Frühling kommt.", "Und mit ihm das Neue."),
        regions=["DE", "AT"],
        languages=["de"],
    )
    for colour in ("green", "blue"):
        yield _Asset(
            f"poster-{colour}",
            "Spring poster",
            "image",
            png(f"spring-poster-{colour}.png", f"Spring poster, {colour}"),
            regions=["Worldwide"],
            languages=["en"],
        )
    yield _Asset(
        "lookbook",
        "Summer lookbook",
        "image",
        png("summer-lookbook.png", "Summer lookbook"),
        regions=["DE", "AT", "US"],
        languages=["de", "en"],
        metadata={
            "UsageRestrictions": ["Not before the stores have it."],
            "PartnerGroups": ["retail"],
        },
    )


def _add_community(state: State) -> None:
    brand = credentials.COMPANY_ID
    now = state.now()
    grid.add_company(state, brand, "Aurora Outdoor", entitlements=["Active Community", "Lens"])
    grid.add_group(state, brand, "GRP-RETAIL", "Retailers", tags=["retail"])
    grid.add_group(state, brand, "GRP-LAUNCH", "Launch partners", tags=["launch"])
    _add_partners(state)
    _add_users(state)
    _add_requests(state)
    grid.add_issue(
        state,
        brand,
        "ISS-7",
        at=now - timedelta(hours=30),
        partner_id=SUMMIT,
        subject="The logo in the launch film is last year's",
        severity="high",
        category="branding",
        asset_references=[{"asset_id": asset_id("film-us"), "role": "faulty"}],
    )


def _add_partners(state: State) -> None:
    for company_id, name, contact, email, regions, languages in (
        (NORDLICHT, "Nordlicht Handels GmbH", "Jana Vogt", "media@nordlicht.example", "DE", "de"),
        (SUMMIT, "Summit Sports Inc.", "Alex Reed", "assets@summit.example", "US", "en"),
        (YAMA, "Yama Retail KK", "Mori Sato", "media@yama.example", "JP", "ja"),
    ):
        grid.add_partner(
            state,
            credentials.COMPANY_ID,
            company_id,
            name,
            trading_address=f"ZZ:{company_id}",
            groups=["GRP-RETAIL", "GRP-LAUNCH"],
            contacts=[{"name": contact, "email": email, "role": "media"}],
            regions=[regions],
            languages=[languages],
        )
        grid.add_user(state, company_id, f"GCU{company_id[-4:]}", email, first_name=contact)


def _add_users(state: State) -> None:
    """The brand's own people on Trading Grid."""
    for number, first, last, roles in (
        (1, "Robin", "Colleague", ["Account Admin", "TGMS Reports"]),
        (2, "Noor", "Haddad", ["Community Viewer", "Lens All custom"]),
        (3, "Kim", "Berger", ["Cartographer XRFReadOnly"]),
    ):
        grid.add_user(
            state,
            credentials.COMPANY_ID,
            f"GCUAURORA{number}",
            f"{first}.{last}@brand.example".lower(),
            first_name=first,
            last_name=last,
            roles=roles,
        )


def _add_requests(state: State) -> None:
    now = state.now()

    def ask(
        id_: str, partner: str, subject: str, hours_ago: int, **criteria: str | list[str]
    ) -> None:
        grid.add_request(
            state,
            credentials.COMPANY_ID,
            id_,
            at=now - timedelta(hours=hours_ago),
            kind="media_request",
            partner_id=partner,
            subject=subject,
            due_at=now + timedelta(days=10),
            criteria=criteria,
        )

    ask(
        "REQ-1042",
        NORDLICHT,
        "Launch film for the screens in our stores",
        26,
        text="spring launch film",
        media_type="video",
        region="DE",
        language="de",
        usage="in-store",
    )
    ask("REQ-1043", SUMMIT, "A poster for the entrance", 20, text="spring poster", usage="in-store")
    ask("REQ-1044", YAMA, "Launch film", 12, text="spring launch film", region="JP", language="ja")
    ask("REQ-1045", NORDLICHT, "Last year's winter film", 5, text="winter")
    ask(
        "REQ-1046",
        SUMMIT,
        "Film and radio spot",
        2,
        asset_ids=[asset_id("film-us"), asset_id("radio")],
        region="US",
    )


def _add_cross_references(state: State) -> None:
    """Cartographer: two maps, and which assets and articles partners' numbers stand for."""
    cartographer.add_solution(state, SOLUTION)
    for number, name, type_ in ((101, "ORDERS to 850", "850"), (102, "DESADV to 856", "856")):
        cartographer.add_map(
            state,
            SOLUTION,
            number,
            name,
            docType=type_,
            partners=[
                {"name": "Summit Sports Inc.", "sender": "ZZ:AURORA", "receiver": f"ZZ:{SUMMIT}"}
            ],
            specifications={f"{type_}.txt": f"How {name} is mapped.\n"},
            notes=["Checked with the partner."],
        )
    cartographer.add_entity(
        state,
        SOLUTION,
        ARTICLES,
        description="Assets in iconik by GTIN",
        keys=("GTIN",),
        values=("asset id", "asset id 2", "asset id 3"),
        patterns={"GTIN": "[0-9]{8,14}"},
    )
    cartographer.add_entity(
        state,
        SOLUTION,
        PARTNER_ARTICLES,
        description="Assets in iconik by a partner's own article number",
        keys=("partner", "SKU"),
        values=("asset id",),
        key_delimiter="|",
    )
    for gtin, names in _ARTICLES.items():
        cartographer.add_entry(state, SOLUTION, ARTICLES, gtin, *map(asset_id, names))
    for key, name in ((f"{SUMMIT}|SP-100", "poster-green"), (f"{NORDLICHT}|SP-100", "film-de")):
        cartographer.add_entry(state, SOLUTION, PARTNER_ARTICLES, key, asset_id(name))
    cartographer.add_prexref_entry(
        state,
        SOLUTION,
        PrexrefEntry(
            searchDoctype="850",
            searchSender=f"ZZ:{SUMMIT}",
            searchReceiver="ZZ:AURORA",
            profileDoctype="ORDERS",
            profileSender="SUMMIT",
            profileReceiver="AURORA",
        ),
    )


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
