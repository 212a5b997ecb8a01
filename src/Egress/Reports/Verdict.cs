namespace Podflare.EgressProxy.Reports;

/// <summary>What became of a connection, as reports and metrics name it.</summary>
public static class Verdict
{
    public const string Allowed = "allowed";

    /// <summary>The sandbox has too many connections, or all sandboxes have.</summary>
    public const string TooMany = "too_many_connections";

    /// <summary>The address is no sandbox's of this worker.</summary>
    public const string UnknownSandbox = "unknown_sandbox";

    /// <summary>The request was not valid HTTP, was too long, or did not arrive in time.</summary>
    public const string BadRequest = "bad_request";

    /// <summary>The method was not CONNECT.</summary>
    public const string NotConnect = "not_connect";

    public const string OtherPort = "other_port";

    /// <summary>The target was an IP address or not a host name.</summary>
    public const string NotAName = "not_a_name";

    /// <summary>The name is not on the sandbox's list.</summary>
    public const string NotAllowed = "not_allowed";

    /// <summary>The name has no address, or the lookup took too long.</summary>
    public const string NoAddress = "no_address";

    /// <summary>None of the name's addresses is public.</summary>
    public const string NotPublic = "not_public";

    /// <summary>No ClientHello arrived in time, or it was not valid or too long.</summary>
    public const string NotTls = "not_tls";

    /// <summary>The ClientHello names another host or none.</summary>
    public const string OtherServerName = "other_server_name";

    /// <summary>The host could not be reached.</summary>
    public const string Unreachable = "unreachable";
}
