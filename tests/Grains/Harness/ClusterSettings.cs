using System.Globalization;
using Podflare.Containers;
using Podflare.Limits;
using Podflare.Runs;
using Podflare.Secrets;

namespace Podflare.Harness;

/// <summary>How a test's cluster differs from one in production. Any setting of the product can be given with the indexer.</summary>
public sealed class ClusterSettings
{
    private readonly Dictionary<string, string?> _values = new()
    {
        // Containers start when they are claimed, so that a test sees no others.
        [$"{TemplateOptions.Section}:{TemplateOptions.Default}:PoolMin"] = "0",
        [$"{TemplateOptions.Section}:{TemplateOptions.Default}:PoolMax"] = "0",
        [$"{TemplateOptions.Section}:{TemplateOptions.DataScience}:PoolMax"] = "0",

        ["Podflare:Hosts:PoolMemoryShare"] = "0",

        // A test that moves the clock does not cut every guest, nor forget every host.
        ["Podflare:Guests:SilenceSeconds"] = "600",
        ["Podflare:Directory:StaleSeconds"] = "300",
        ["Podflare:Directory:PeriodSeconds"] = "0.1",
        ["Podflare:Readers:SilenceSeconds"] = "300",

        [SecretBox.Variable] = Convert.ToBase64String(new byte[32]),
    };

    public string? this[string key]
    {
        get => _values.GetValueOrDefault(key);
        set => _values[key] = value;
    }

    /// <summary>The limits of every tenant; null for none, as without authentication.</summary>
    public EffectiveLimits? Limits { get; set; }

    /// <summary>Real time between two looks of Orleans itself at the membership table; null for the product's.</summary>
    public TimeSpan? TableRefresh { get; set; }

    internal IReadOnlyDictionary<string, string?> Values => _values;

    /// <summary>Options of runs for the event log that all silos share.</summary>
    internal RunOptions RunOptions
    {
        get
        {
            var options = new RunOptions();
            foreach (var property in typeof(RunOptions).GetProperties())
            {
                if (this[$"{RunOptions.Section}:{property.Name}"] is { } text) property.SetValue(options, Convert.ChangeType(text, property.PropertyType, CultureInfo.InvariantCulture));
            }

            return options;
        }
    }

    /// <summary>Gives hosts a warm pool of the default template.</summary>
    public ClusterSettings WithPool(int min, int max)
    {
        this[$"{TemplateOptions.Section}:{TemplateOptions.Default}:PoolMin"] = min.ToString(CultureInfo.InvariantCulture);
        this[$"{TemplateOptions.Section}:{TemplateOptions.Default}:PoolMax"] = max.ToString(CultureInfo.InvariantCulture);
        return this;
    }
}
