namespace Podflare.Bench;

/// <summary>What is measured, from the command line.</summary>
internal sealed class Settings
{
    public const string Usage =
        """
        usage: Podflare.Bench [OPTION…] NAME=http://ip:port[,http://ip:port] …
          A service is measured under its name; with a second address only what that one's runs are to the first one's.
          --only=PART,…          floors, runs, tools, tracing, creates, refill, bursts, streams, neighbours, crowd, start, keys, codec, jupyter, against;
                                 `sandboxes` is creates to crowd
          --where=NAME           this service alone
          --redis=HOST:PORT      a Redis that runs, for floors and start
          --folder=NAME:PATH     the run folder of a service, or the folder of those of its workers, for refill and crowd
          --programs=NAME:WORKER.dll,FRONTEND.dll   programs for start; with "!" behind the name the target is theirs
        """;

    private static readonly string[] OfSandboxes = ["creates", "refill", "bursts", "streams", "neighbours", "crowd"];
    private static readonly string[] All = ["floors", "runs", "tools", "tracing", .. OfSandboxes, "start", "keys", "codec"];

    private readonly HashSet<string> _parts;

    private Settings(ILookup<string, string> options, IEnumerable<string> services)
    {
        _parts = [.. options["only"].SelectMany(value => value.Split(',')).SelectMany(part => part == "sandboxes" ? OfSandboxes : [part])];
        if (_parts.Count == 0) _parts = [.. All];
        if (options["jupyter"].Any()) _parts.Add("jupyter");
        Redis = options["redis"].LastOrDefault();
        Folders = options["folder"].Select(value => value.Split(':', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        Programs = [.. options["programs"].Select(value => value.Split(':', 2)).Select(pair => (pair[0].TrimEnd('!'), pair[0].EndsWith('!'), pair[1].Split(',')))];
        var where = options["where"].LastOrDefault();
        Services = [.. services.Select(service => service.Split('=', 2)).Select(pair => new Service(pair[0], [.. pair[1].Split(',').Select(address => new Uri(address))]))
            .Where(service => where is null || service.Name == where)];
    }

    public string? Redis { get; }

    public IReadOnlyDictionary<string, string> Folders { get; }

    public IReadOnlyList<(string Name, bool HasTarget, string[] Programs)> Programs { get; }

    public IReadOnlyList<Service> Services { get; }

    /// <returns>Null where the command line can't be understood.</returns>
    public static Settings? Parse(string[] args)
    {
        try
        {
            var options = args.Where(arg => arg.StartsWith("--", StringComparison.Ordinal)).Select(arg => $"{arg[2..]}=".Split('=')).ToLookup(pair => pair[0], pair => pair[1]);
            var settings = new Settings(options, args.Where(arg => !arg.StartsWith("--", StringComparison.Ordinal)));
            string[] known = ["only", "where", "redis", "folder", "programs", "jupyter"];
            return options.All(option => known.Contains(option.Key)) && settings._parts.All(part => part is "jupyter" or "against" || All.Contains(part)) ? settings : null;
        }
        catch (Exception e) when (e is FormatException or IndexOutOfRangeException or ArgumentException)
        {
            return null;
        }
    }

    public bool Wants(string part) => _parts.Contains(part);

    /// <param name="Addresses">One, or that of a service to compare with and that of the one that is measured.</param>
    internal sealed record Service(string Name, Uri[] Addresses)
    {
        /// <summary>Several processes with Redis between them.</summary>
        public bool IsCluster => Name.Contains("two", StringComparison.Ordinal);
    }
}
