using System.Globalization;

namespace Podflare.Egress;

/// <summary>The port of this worker's proxy. It is kept in a file, because running sandboxes know it from their environment.</summary>
internal sealed class EgressProxyPort(string file, EgressOptions options)
{
    /// <summary>The ports to try, the one that was used last first.</summary>
    public IEnumerable<int> Candidates()
    {
        var range = Enumerable.Range(options.ProxyPort, options.ProxyPorts).ToArray();
        return Read() is { } last && range.Contains(last) ? range.OrderByDescending(port => port == last) : range;
    }

    /// <summary>The port that was used last; null if none was.</summary>
    public int? Read() =>
        File.Exists(file) && int.TryParse(File.ReadAllText(file).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : null;

    public void Write(int port) => File.WriteAllText(file, port.ToString(CultureInfo.InvariantCulture));
}
