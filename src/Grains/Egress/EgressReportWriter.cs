using Microsoft.Extensions.Logging;
using Podflare.EgressProxy.Reports;
using Podflare.Telemetry;

namespace Podflare.Egress;

/// <summary>Logs and counts what the proxy reports: which host a sandbox asked for, what became of it, and how many bytes there were.</summary>
internal sealed partial class EgressReportWriter(ILogger logger)
{
    public void Write(ConnectionReport report)
    {
        Instruments.Egress.Count(report.Verdict, report.Connections, report.Sent, report.Received);
        var sandbox = report.Sandbox.Length > 0 ? report.Sandbox : "unknown";
        if (report.Verdict == Verdict.Allowed) LogReached(sandbox, report.Name, report.Connections, report.Sent, report.Received);
        else LogRefused(sandbox, report.Name, report.Verdict, report.Connections);
    }

    [LoggerMessage(LogLevel.Information, "Sandbox {Sandbox} and {Host}: {Connections} new connections, {Sent} bytes sent, {Received} bytes received.")]
    private partial void LogReached(string sandbox, string host, long connections, long sent, long received);

    [LoggerMessage(LogLevel.Information, "Sandbox {Sandbox} could not connect to '{Host}': {Verdict}, {Connections} times.")]
    private partial void LogRefused(string sandbox, string host, string verdict, long connections);
}
