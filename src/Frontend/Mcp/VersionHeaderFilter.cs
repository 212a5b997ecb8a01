using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Podflare.Mcp;

/// <summary>Refuses a request whose header and body name different revisions of the protocol: proxies decide by the header, the server by the body.</summary>
internal static class VersionHeaderFilter
{
    private const string Header = "MCP-Protocol-Version";
    private const string Field = "io.modelcontextprotocol/protocolVersion";

    public static McpMessageHandler Apply(McpMessageHandler next) => (context, cancellationToken) =>
    {
        if (context.JsonRpcMessage is JsonRpcRequest { Params: JsonObject parameters } && parameters["_meta"]?[Field] is JsonValue value && value.TryGetValue<string>(out var version)
            && McpRequestHandler.Current.Request.Headers[Header] is [{ } header] && header != version)
            throw new McpProtocolException($"Header mismatch: {Header} does not match the version in the body.", McpErrorCode.HeaderMismatch);
        return next(context, cancellationToken);
    };
}
