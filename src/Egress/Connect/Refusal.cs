using Podflare.EgressProxy.Names;
using Podflare.EgressProxy.Reports;

namespace Podflare.EgressProxy.Connect;

/// <summary>Why a CONNECT is refused: the verdict of the report, and the status line of the answer.</summary>
internal readonly record struct Refusal(string Verdict, int Status, string Text)
{
    public static readonly Refusal NoAddress = new(Reports.Verdict.NoAddress, 502, "the name has no address");
    public static readonly Refusal NotPublic = new(Reports.Verdict.NotPublic, 403, "the name has no public address");

    /// <returns>Null if the request may continue.</returns>
    public static Refusal? Of(ConnectHead head, AllowList allowed) => head.Verdict switch
    {
        ConnectVerdict.Malformed => new(Reports.Verdict.BadRequest, 400, "not a CONNECT request"),
        ConnectVerdict.OtherMethod => new(Reports.Verdict.NotConnect, 405, "only CONNECT is supported; use https"),
        ConnectVerdict.OtherPort => new(Reports.Verdict.OtherPort, 403, "only port 443 is allowed"),
        ConnectVerdict.NotAName => new(Reports.Verdict.NotAName, 403, "only host names are allowed, no addresses"),
        _ => allowed.Contains(head.Name) ? null : new Refusal(Reports.Verdict.NotAllowed, 403, $"{head.Name} is not on the egress list of this sandbox"),
    };
}
