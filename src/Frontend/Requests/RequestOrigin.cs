using System.Net;
using Podflare.Audit;
using Podflare.Http;
using Podflare.Telemetry;

namespace Podflare.Requests;

/// <summary>The caller and the address of a request, for the audit log.</summary>
internal static class RequestOrigin
{
    public static AuditOrigin Of(HttpContext context, Caller caller) => new(
        caller.Actor, AuditSource.Of(AddressOf(context.Connection.RemoteIpAddress), context.Request.Headers.UserAgent), RequestTrace.Of(context).Binding.GetTraceId().ToString());

    // A socket for both versions of IP reports addresses of version 4 in a form that nobody writes.
    private static string? AddressOf(IPAddress? address) => (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString();
}
