namespace Podflare.EgressProxy.Reports;

/// <summary>What happened to the connections of one sandbox to one host since the last report.</summary>
/// <param name="Sandbox">Empty if the address is no sandbox's.</param>
/// <param name="Name">The host that was asked for; empty if the request did not get that far.</param>
/// <param name="Verdict">One of <see cref="Reports.Verdict"/>.</param>
/// <param name="Connections">New connections with this verdict.</param>
/// <param name="Sent">Bytes from the sandbox to the host.</param>
/// <param name="Received">Bytes from the host to the sandbox.</param>
public sealed record ConnectionReport(string Sandbox, string Tenant, string Name, string Verdict, long Connections, long Sent, long Received);
