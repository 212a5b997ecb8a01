namespace Podflare.Status.Services;

/// <summary>Settings of a status page in a test.</summary>
internal static class Settings
{
    /// <summary>Probes a port on which nothing listens, so rarely that probes do not interfere with a test.</summary>
    public static Dictionary<string, string> Quiet() => new()
    {
        ["Status__Probes__Platform"] = $"http://127.0.0.1:{Ports.Free()}",
        ["Status__Probes__RunSeconds"] = "600",
        ["Status__Probes__ReadySeconds"] = "600",
        ["Status__Probes__ReplaySeconds"] = "600",
        ["Status__Mail__RequestsPerClient"] = "10000",
        ["Status__Webhooks__AllowHttp"] = "true",
        ["Status__Webhooks__AllowedAddresses"] = "127.0.0.1",
        ["Status__Webhooks__PerHost"] = "100",
    };

    public static Dictionary<string, string> With(this Dictionary<string, string> settings, params (string Name, string Value)[] more)
    {
        foreach (var (name, value) in more) settings[name] = value;
        return settings;
    }

    public static (string, string)[] Mail(int port) =>
        [("Status__Mail__Host", "127.0.0.1"), ("Status__Mail__Port", $"{port}"), ("Status__Mail__Security", "None"), ("Status__Mail__From", "status@podflare.example")];
}
