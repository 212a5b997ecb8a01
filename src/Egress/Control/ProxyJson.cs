using System.Text.Json;
using System.Text.Json.Serialization;
using Podflare.EgressProxy.Reports;
using Podflare.EgressProxy.Sandboxes;
using Podflare.EgressProxy.Settings;

namespace Podflare.EgressProxy.Control;

/// <summary>The JSON that worker and proxy exchange.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ProxySettings))]
[JsonSerializable(typeof(SandboxAccess))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, SandboxAccess>))]
[JsonSerializable(typeof(ConnectionReport))]
public sealed partial class ProxyJson : JsonSerializerContext;
