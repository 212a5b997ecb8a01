namespace Podflare.Uptime;

/// <summary>Who says so; a later one covers an earlier one.</summary>
internal enum Layer
{
    Probe,
    Maintenance,
    Hand,
}
