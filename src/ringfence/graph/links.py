"""When are two links the same? When they lead to the same page, whoever's campaign they count for."""

# Written into addresses to tell where a reader came from: campaign tags, click ids, what a share button adds.
TRACKING = (
    r"^(utm_[a-z_]+|fbclid|gclid|gbraid|wbraid|dclid|msclkid|yclid|twclid|ttclid|igshid|igsh|mc_cid|mc_eid|_hsenc|_hsmi"
    r"|mkt_tok|vero_id|oly_enc_id|oly_anon_id|ref_src|ref_url|si|feature)(=|$)"
)
# Addresses that lead to no page.
ELSEWHERE = r"^\s*(mailto|tel|sms|data|javascript|about|blob|file):"


def normal_sql(spelled: str) -> str:
    """SQL for FROM: each link of `spelled` (SQL, one column link) and its `normal` form, null for what is no address.

    Off go scheme, user, www, the ports 80 and 443, fragment, tracking parameters and trailing slashes; the host is in
    lower case. Path and query keep their case, and names in other scripts are left as they are written.
    """
    return f"""(
        WITH bare AS (
            SELECT link, regexp_replace(regexp_replace(trim(link), '#.*$', ''),
                                        '^([a-zA-Z][a-zA-Z0-9+.-]*:)?//', '') AS rest
            FROM {spelled} WHERE NOT regexp_matches(link, '{ELSEWHERE}', 'i')
        ), parted AS (
            SELECT link, regexp_replace(lower(regexp_extract(rest, '^[^/?]*')), '^([^@]*@)?(www\\.)?', '') AS named,
                   regexp_replace(regexp_extract(rest, '^[^/?]*([^?]*)', 1), '/+$', '') AS path,
                   CASE WHEN contains(rest, '?') THEN
                       array_to_string(list_filter(string_split(regexp_extract(rest, '[?](.*)$', 1), '&'),
                           lambda one: one <> '' AND NOT regexp_matches(lower(one), '{TRACKING}')), '&')
                   ELSE '' END AS query
            FROM bare
        ), hosted AS (SELECT *, regexp_replace(named, '\\.?(:(80|443)?)?$', '') AS host FROM parted)
        SELECT link, host || path || CASE query WHEN '' THEN '' ELSE '?' || query END AS normal
        FROM hosted WHERE regexp_matches(host, '^[^\\s<>"\\\\]+$')
    )"""


def domain_sql(normal: str) -> str:
    """SQL for the host of a normal link, or null where it has no dot and so is nobody's."""
    return f"nullif(regexp_extract({normal}, '^([^/?:]+\\.[^/?:]+)', 1), '')"
