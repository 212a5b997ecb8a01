namespace Podflare.Uptime;

/// <summary>The source of a status interval. A later member overrides an earlier one.</summary>
internal enum Layer
{
    Probe,
    Maintenance,
    Manual,
}
