using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Podflare.Storage;

/// <summary>Runs statements on one connection. Each interpolated value becomes a parameter, never text.</summary>
internal sealed class Sql(SqliteConnection connection, SqliteTransaction? transaction)
{
    /// <summary>The transaction changes what pages, feeds or JSON show.</summary>
    public bool Changed { get; private set; }

    /// <summary>The transaction queues a delivery.</summary>
    public bool HasQueuedDelivery { get; private set; }

    public void MarkChanged() => Changed = true;

    public void MarkDeliveryQueued() => HasQueuedDelivery = true;

    public int Execute(FormattableString statement)
    {
        using var command = Command(statement);
        return command.ExecuteNonQuery();
    }

    public List<T> List<T>(FormattableString query, Func<Row, T> read)
    {
        using var command = Command(query);
        using var reader = command.ExecuteReader();
        var row = new Row(reader);
        var all = new List<T>();
        while (reader.Read()) all.Add(read(row));
        return all;
    }

    public T? First<T>(FormattableString query, Func<Row, T> read)
    {
        using var command = Command(query);
        using var reader = command.ExecuteReader();
        return reader.Read() ? read(new Row(reader)) : default;
    }

    public long Number(FormattableString query) => First(query, row => row.NullableLong(0) ?? 0);

    private SqliteCommand Command(FormattableString statement)
    {
        var command = connection.CreateCommand();
        command.Transaction = transaction;
        var arguments = statement.GetArguments();
        var names = new object?[arguments.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            names[i] = string.Create(CultureInfo.InvariantCulture, $"$p{i}");
            command.Parameters.AddWithValue((string)names[i]!, Value(arguments[i]));
        }

#pragma warning disable CA2100 // Only parameter names are put into the text.
        command.CommandText = string.Format(CultureInfo.InvariantCulture, statement.Format, names);
#pragma warning restore CA2100
        return command;
    }

    private static object Value(object? argument) => argument switch
    {
        null => DBNull.Value,
        DateTimeOffset at => at.ToUnixTimeMilliseconds(),
        bool flag => flag ? 1 : 0,
        Enum name => name.ToString(),
        _ => argument,
    };
}
